#!/bin/bash
# The one-shot init service: bring every schema up to date and give the API server its users. Safe to run again.
set -euo pipefail

if env | grep --quiet 'change-me'; then
    echo "A secret in .env still holds the value of .env.example. Set every one of them, then start again." >&2
    exit 1
fi

airflow db migrate
motcua db upgrade
python - <<'PYTHON'
import json
import os
from pathlib import Path

path = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
path.touch(mode=0o600)
path.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}) + "\n")
PYTHON
