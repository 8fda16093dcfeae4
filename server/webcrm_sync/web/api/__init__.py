"""The API of the task pane: one table of routes, their schemas, and who may call them."""
