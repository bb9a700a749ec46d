"""The frame of every page: start of the page, sidebar, autosave."""
