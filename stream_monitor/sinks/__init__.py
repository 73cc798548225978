"""How drift events leave for people: HTTP. Knows nothing of what is sent."""
