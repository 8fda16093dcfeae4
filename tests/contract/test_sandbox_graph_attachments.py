"""Attachments in the simulated Graph: their kinds, and large ones in parts."""

from __future__ import annotations

import base64

import httpx

from contract.graph_setup import GraphSetup
from webcrm_sync_sandbox.outlook import AttachedItem, File, Link, Mail


def test_inline_pictures_do_not_count_as_attachments(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    picture = File("a.png", b"1", "image/png", is_inline=True, content_id="c1")
    item = graph_setup.arrive(Mail("x", None, (), attachments=(picture,)))
    assert graph.get(f"{graph_setup.messages}/{item}").json()["hasAttachments"] is False
    listed = graph.get(f"{graph_setup.messages}/{item}/attachments?$select=id,name,isInline").json()
    assert [one["isInline"] for one in listed["value"]] == [True]
    assert "contentBytes" not in listed["value"][0]


def test_the_three_kinds_of_attachments(graph_setup: GraphSetup, graph: httpx.Client) -> None:
    parts = (
        File("a.bin", b"\x00\x01"),
        AttachedItem("Old mail", b"Subject: x\r\n\r\ny"),
        Link("Plan", "https://drive.example.com/1"),
    )
    item = graph_setup.arrive(Mail("x", None, (), attachments=parts))
    base = f"{graph_setup.messages}/{item}/attachments"
    listed = graph.get(f"{base}?$select=id,name,size").json()["value"]
    kinds = [one["@odata.type"].rpartition(".")[2] for one in listed]
    assert kinds == ["fileAttachment", "itemAttachment", "referenceAttachment"]
    assert graph.get(f"{base}/{listed[0]['id']}/$value").content == b"\x00\x01"
    assert base64.b64decode(graph.get(f"{base}/{listed[0]['id']}").json()["contentBytes"])
    assert graph.get(f"{base}/{listed[1]['id']}/$value").content.startswith(b"Subject: x")
    assert graph.get(f"{base}/{listed[2]['id']}/$value").status_code == 400
    assert graph.get(f"{base}/AAYkAHnone").status_code == 404


def test_a_large_file_is_uploaded_in_ordered_parts_without_a_token(
    graph_setup: GraphSetup, graph: httpx.Client
) -> None:
    item = graph_setup.arrive()
    wish = {"attachmentType": "file", "name": "big.zip", "size": 5}
    base = f"{graph_setup.messages}/{item}/attachments"
    made = graph.post(f"{base}/createUploadSession", json={"AttachmentItem": wish})
    assert (made.status_code, made.json()["nextExpectedRanges"]) == (201, ["0-"])
    url = made.json()["uploadUrl"]

    def put(part: bytes, span: str, **headers: str) -> httpx.Response:
        return httpx.put(url, content=part, headers={"Content-Range": f"bytes {span}/5"} | headers)

    assert put(b"abc", "0-2", Authorization="Bearer app").status_code == 401
    assert put(b"abc", "0-2").json() == {"NextExpectedRanges": ["3"]}
    assert put(b"abc", "0-2").status_code == 400
    done = put(b"de", "3-4")
    assert done.status_code == 201
    assert graph.get(f"{done.headers['Location']}/$value").content == b"abcde"
    assert put(b"abc", "0-2").status_code == 404
    odd = {"AttachmentItem": wish | {"attachmentType": "item"}}
    assert graph.post(f"{base}/createUploadSession", json=odd).status_code == 405
