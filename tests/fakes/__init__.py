"""Hand-written stand-ins: a clock to be set, transports without sockets, scripted backends."""
