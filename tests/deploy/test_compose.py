"""The compose file, the image and the settings file agree with each other and with the product."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import yaml

from support.distributions import ROOT
from webcrm_sync.settings import PREFIX, Settings

DEPLOY = ROOT / "server" / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")


def test_the_compose_file_is_valid_by_the_published_schema() -> None:
    # The package carries the schema that the Compose specification publishes.
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run(
        [*check, str(DEPLOY / "compose.yaml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_each_container_has_few_rights_and_a_check_of_its_health(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user", "nginx") not in {"root", "0", "0:0"}
    if name == "migrate":
        assert service["restart"] == "no"
    else:
        assert service["restart"] == "unless-stopped"
        assert "healthcheck" in service or service["image"] == "webcrm-sync"


def test_only_the_proxy_is_reached_from_outside() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["proxy"]


def test_every_secret_is_declared_used_and_named_in_the_head() -> None:
    used = {secret for service in SERVICES.values() for secret in service.get("secrets", ())}
    declared: dict[str, dict[str, str]] = COMPOSE["secrets"]
    assert used == set(declared)
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    head = text[: text.index("name:")]
    files = {one["file"].removeprefix("secrets/") for one in declared.values()}
    assert {name for name in files if not re.search(rf"\b{re.escape(name)}\b", head)} == set()


@pytest.mark.parametrize("name", ["compose.yaml", "Containerfile", "settings.env"])
def test_every_named_variable_is_a_setting(name: str) -> None:
    text = (DEPLOY / name).read_text("utf-8")
    named = set(re.findall(rf"\b{PREFIX}([A-Z_]+)", text))
    assert named
    known = {field.upper() for field in Settings.model_fields}
    assert {variable for variable in named if variable.removesuffix("_FILE") not in known} == set()


def test_the_settings_file_asks_for_all_that_is_required() -> None:
    lines = (DEPLOY / "settings.env").read_text("utf-8").splitlines()
    asked = {line.partition("=")[0] for line in lines if line.startswith(PREFIX)}
    required = {
        f"{PREFIX}{name.upper()}"
        for name, field in Settings.model_fields.items()
        if field.is_required()
    }
    assert required
    assert required - asked == set()


def test_the_proxy_fills_in_every_variable_of_the_template() -> None:
    template = (DEPLOY / "nginx.conf.template").read_text("utf-8")
    variables = set(re.findall(r"\$\{(\w+)\}", template))
    assert variables
    assert variables == set(SERVICES["proxy"]["environment"])
    guide = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    assert {name for name in variables if f" {name}=" not in guide} == set()


def test_the_image_runs_as_the_user_of_the_compose_file() -> None:
    (user,) = re.findall(r"^USER (\S+)$", CONTAINERFILE, re.MULTILINE)
    assert {service.get("user") for name, service in SERVICES.items() if name == "web"} == {user}
    assert f"--uid {user.partition(':')[0]} " in CONTAINERFILE


def test_the_build_sees_the_wheel_and_its_packages_alone() -> None:
    ignored = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").splitlines()
    seen = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    (copied,) = re.findall(r"^COPY (.*) \S+$", CONTAINERFILE, re.MULTILINE)
    assert "*" in ignored
    assert seen == set(copied.split())
