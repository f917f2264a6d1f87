"""Whether a clip passes: the gate, the findings accepted before, the verdict."""
