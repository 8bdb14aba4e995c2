"""The built-in department: cases, the services that they are about, and an Open311 server over them."""
