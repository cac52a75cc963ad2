"""How a network learns: order, loss, loop, states, launch."""
