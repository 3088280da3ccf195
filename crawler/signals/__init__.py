"""Signals: bytes or text → directives with their raw text and position. Never raises on input.

Of a site: robots_txt, and in its lines content_usage, content_signal, rsl, ai_control;
tdmrep_file, ai_txt, trust_txt. Of a response: x_robots_tag, content_usage, tdmrep, rsl.
Of a page: robots_meta, tdmrep, rsl. Of an image file: image_metadata and xmp, c2pa.
"""
