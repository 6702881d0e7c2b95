"""From the bytes of pictures to answers, without MLflow: what a server needs, and no more."""
