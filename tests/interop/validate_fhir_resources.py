"""fhir.resources (R4B) over resources, one JSON a line, printing those at fault: python THIS FILE."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fhir.resources.R4B import get_fhir_model_class


def main() -> None:
    count = 0
    for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines():
        resource = json.loads(line)
        count += 1
        try:
            get_fhir_model_class(resource["resourceType"]).model_validate(resource)
        except Exception as error:
            print(json.dumps({"resource": resource, "errors": str(error)[:2_000]}))
    print(f"{count} resources", file=sys.stderr)


if __name__ == "__main__":
    main()
