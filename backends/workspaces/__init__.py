"""Users' own storage outside of the backend, to which results are exported as static STAC.

Source: openEO Workspaces Extension 0.1.0, and the process `export_workspace`.
"""
