"""How coding agents say it: the Model Context Protocol at /mcp, JSON-RPC over plain answers."""
