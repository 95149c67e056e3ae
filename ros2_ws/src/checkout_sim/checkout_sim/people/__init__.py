"""People in front of the face camera: who comes, how they move and turn, how they are drawn, the truth."""
