"""The try-it page: a phone in the browser, and the local provider that carries its texts."""
