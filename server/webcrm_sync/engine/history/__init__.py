"""The history of a mail: its events as English sentences, for `explain` and the pane."""
