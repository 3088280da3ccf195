"""Addresses (hf://, https://, s3://) → files that are read in parts, also by the database.

Every byte goes through one door, `Session`: its policy of addresses, its retries, its cache on
disk and its count. Files of one session:

    with Session() as session:
        source = open_source("hf://datasets/OWNER/NAME/index", session)
        manifest = source.read("manifest.json")
        attach(connection, session)
        connection.sql("FROM read_parquet('hf://datasets/OWNER/NAME/index/hosts.parquet')")
"""

from optout.remote.address import is_remote
from optout.remote.file import RemoteFile
from optout.remote.session import Session, Traffic
from optout.remote.source import Listed, Source, files_under, open_source
from optout.remote.tables import attach

__all__ = [
    "Listed",
    "RemoteFile",
    "Session",
    "Source",
    "Traffic",
    "attach",
    "files_under",
    "is_remote",
    "open_source",
]
