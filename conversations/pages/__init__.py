"""The pages. Each view fetches through ``access``, makes one call to the domain, and renders."""
