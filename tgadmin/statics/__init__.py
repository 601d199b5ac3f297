"""Static files: named by their content, compressed, kept for ever by browsers, also when they change meanwhile.

- ``storage``: names and compresses them (``manage.py collectstatic``), and rewrites what refers to them;
- ``collecting``: does that by itself when the sources have changed;
- ``modules``: which ES modules a page will load;
- ``serving``: the middleware that sends them.
"""
