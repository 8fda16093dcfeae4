"""The JSON API of the add-in, under `/api/v1`.

`endpoints` declares the operations with the help of `routes`; `schemas` holds their JSON;
`blueprint` serves them, within the limit of `person_limit`; `watch` delays answers until something
changes; `openapi` describes them.
"""
