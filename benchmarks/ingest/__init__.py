"""From a folder of pictures to labelled pixels, with several tools."""
