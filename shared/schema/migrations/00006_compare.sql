-- +goose Up
-- The bucket lists its keys in the order of their bytes; held against it page by page, rows are read in that order, whatever the
-- database's own is.
create index image_key_bytes on app.image (key collate "C");
create index image_thumbnail_bytes on app.image (thumbnail_key collate "C");
