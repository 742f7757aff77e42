"""The report page: what was trained, how well it does, what it takes, what was verified and proved, in one HTML file.

`collect` gathers everything as data, a part of it per module. `page` makes the text, `serve` shows it while a training
runs. Nothing in the page is loaded from elsewhere, and every name in it is text.
"""
