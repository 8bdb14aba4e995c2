"""The actions: tables of a message and slots, and what comes of them."""
