#!/bin/sh
# Starts the page of optout by a double click in the Finder. Not tried on macOS.
exec {{command}}
