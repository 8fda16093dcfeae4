"""`python -m webcrm_sync`."""

from webcrm_sync.cli import main

main()
