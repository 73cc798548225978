"""The AsyncAPI document of the monitor's topics, made from its schemas, topic plans and formats: it cannot fall behind them."""
