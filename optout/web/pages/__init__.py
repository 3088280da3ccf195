"""Page functions: a request → a page, or a form → what it changes and the page to look at next."""
