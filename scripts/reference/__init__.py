"""Write the reference tables of the documentation from the client's own tables. May import the client."""
