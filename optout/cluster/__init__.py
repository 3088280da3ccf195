"""The same searches, builds and crawls as tasks of Ray, on many processors or many machines."""

from optout.cluster.session import LOCAL, Cluster, connected

__all__ = ["LOCAL", "Cluster", "connected"]
