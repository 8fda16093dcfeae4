"""The pure heart: values and decisions, no input or output of any kind."""
