"""Pages as the server renders them."""
