"""How calls leave this machine: whom they trust, through which proxy, what they may cost."""
