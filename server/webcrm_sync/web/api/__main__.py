"""Print the OpenAPI document, from which the add-in's types are generated."""

from __future__ import annotations

import json
import sys

from webcrm_sync.web.api import endpoints, openapi

document = openapi.build_document(endpoints.operations.declared, base="")
sys.stdout.write(json.dumps(document))
