"""Assets by WebODM's names."""

from orchestrator.files.assets import ASSETS, available

TABLE = [
    "all.zip",
    "orthophoto.tif",
    "orthophoto.png",
    "orthophoto.mbtiles",
    "orthophoto.kmz",
    "cutline.gpkg",
    "georeferenced_model.las",
    "georeferenced_model.laz",
    "georeferenced_model.ply",
    "georeferenced_model.csv",
    "dtm.tif",
    "dsm.tif",
    "shots.geojson",
    "report.pdf",
    "textured_model.zip",
    "textured_model.glb",
    "3d_tiles_model.zip",
    "3d_tiles_pointcloud.zip",
    "dtm_tiles.zip",
    "dsm_tiles.zip",
    "orthophoto_tiles.zip",
    "cameras.json",
    "ground_control_points.geojson",
]

EVERYTHING = {
    "odm_orthophoto/odm_orthophoto.tif": b"1",
    "odm_orthophoto/odm_orthophoto.png": b"1",
    "odm_orthophoto/odm_orthophoto.mbtiles": b"1",
    "odm_orthophoto/odm_orthophoto.kmz": b"1",
    "odm_orthophoto/cutline.gpkg": b"1",
    "odm_georeferencing/odm_georeferenced_model.las": b"1",
    "odm_georeferencing/odm_georeferenced_model.laz": b"1",
    "odm_georeferencing/odm_georeferenced_model.ply": b"1",
    "odm_georeferencing/odm_georeferenced_model.csv": b"1",
    "odm_georeferencing/ground_control_points.geojson": b"1",
    "odm_dem/dtm.tif": b"1",
    "odm_dem/dsm.tif": b"1",
    "odm_report/shots.geojson": b"1",
    "odm_report/report.pdf": b"1",
    "odm_texturing/odm_textured_model_geo.obj": b"object",
    "odm_texturing/textures/1.png": b"texture",
    "odm_texturing/odm_textured_model_geo.glb": b"glb",
    "3d_tiles/model/tileset.json": b"1",
    "3d_tiles/pointcloud/tileset.json": b"1",
    "dtm_tiles/1/2/3.png": b"1",
    "dsm_tiles/1/2/3.png": b"1",
    "orthophoto_tiles/1/2/3.png": b"1",
    "cameras.json": b"1",
}


async def test_all_that_webodm_knows_is_listed_in_its_order(shelves, task, fetched):
    fetched(task, EVERYTHING)

    assert tuple(TABLE) == (await shelves.accept(task)).available_assets


def test_the_table_has_every_name_once():
    assert TABLE == [asset.name for asset in ASSETS]


def test_a_folder_without_a_file_that_counts_is_no_asset(tmp_path):
    (tmp_path / "dtm_tiles" / "1").mkdir(parents=True)
    (tmp_path / "odm_texturing").mkdir()
    (tmp_path / "odm_texturing" / "odm_textured_model_geo.glb").touch()

    assert ("textured_model.glb",) == available(tmp_path)
