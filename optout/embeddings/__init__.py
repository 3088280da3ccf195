"""Pictures and texts → vectors of a trained model, and the search of published vectors.

Needs the extra `clip` (torch, open_clip_torch); nothing here is imported unless asked for.
"""
