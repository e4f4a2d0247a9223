"""The site on this machine while it is edited; nothing is written to the output folder."""
