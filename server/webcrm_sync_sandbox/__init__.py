"""Microsoft 365 and webCRM, simulated over real HTTP. The product never imports this package."""
