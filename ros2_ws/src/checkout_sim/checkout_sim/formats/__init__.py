"""Data sets in the formats of others: COCO, YOLO and Pascal VOC, written, read and checked."""
