"""The tab Open and its dialogs."""
