"""The desk: what people see and press. Views parse, load, call one action and answer."""
