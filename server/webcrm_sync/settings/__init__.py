"""The settings, from environment variables, files and `.env`; each error names its variable."""

from webcrm_sync.settings.model import PREFIX, Settings
from webcrm_sync.settings.read import SettingsError, find_warnings, read_settings

__all__ = ["PREFIX", "Settings", "SettingsError", "find_warnings", "read_settings"]
