"""How figures and reports draw pictures and write names, whatever the fonts of this machine."""
