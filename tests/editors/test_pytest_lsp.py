"""The language server in the client of pytest-lsp, which checks every message against the protocol.

    python -m pip install -r tests/editors/requirements.txt
    MODEL_QUANTIZER=target/release/model-quantizer python -m pytest tests/editors
"""

import asyncio
import os
import shutil
from pathlib import Path

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

PROGRAM = os.environ["MODEL_QUANTIZER"]
FLOWERS = Path(__file__).resolve().parents[2] / "examples" / "flowers"
PATIENCE = 30


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[PROGRAM, "lsp"]), params=["visual_studio_code", "neovim"])
async def client(request, lsp_client: LanguageClient):
    # What Visual Studio Code and Neovim answer as well; the client has no handlers of its own.
    for asked in [
        types.CLIENT_REGISTER_CAPABILITY,
        types.CLIENT_UNREGISTER_CAPABILITY,
        types.WORKSPACE_INLAY_HINT_REFRESH,
        types.WORKSPACE_CODE_LENS_REFRESH,
    ]:
        lsp_client.feature(asked)(lambda *_: None)
    parameters = types.InitializeParams(capabilities=client_capabilities(request.param), process_id=os.getpid())
    answer = await lsp_client.initialize_session(parameters)
    assert answer.server_info.name == "model-quantizer"
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def project(tmp_path):
    for name in ["configuration.json", "labels.json"]:
        shutil.copy(FLOWERS / name, tmp_path)
    for name in ["model", "dataset"]:
        shutil.copytree(FLOWERS / name, tmp_path / name)
    return tmp_path / "configuration.json"


async def until(condition):
    """Waits until a condition holds; the client keeps the last diagnostics and all progress."""
    for _ in range(PATIENCE * 20):
        if (value := condition()) is not None:
            return value
        await asyncio.sleep(0.05)
    raise TimeoutError(condition)


def opened(client, path, text):
    document = types.TextDocumentItem(uri=path.as_uri(), language_id="json", version=1, text=text)
    client.text_document_did_open(types.DidOpenTextDocumentParams(text_document=document))
    return path.as_uri()


def codes(client, uri):
    return None if uri not in client.diagnostics else [found.code for found in client.diagnostics[uri]]


@pytest.mark.asyncio
async def test_typing(client, project):
    text = project.read_text()
    uri = opened(client, project, text.replace('"batch_size"', '"// ä😀": "x", "batchsize"'))
    await until(lambda: codes(client, uri) == ["unknown-key"] or None)
    found = client.diagnostics[uri][0]
    line = text[: text.index('"batch_size"')].count("\n")
    column = 4 + len('"// ä😀": "x", '.encode("utf-16-le")) // 2
    assert (found.range.start.line, found.range.start.character) == (line, column)
    for version in range(2, 200):
        digit = types.TextDocumentContentChangePartial(
            range=types.Range(found.range.start, found.range.start), text=" "
        )
        document = types.VersionedTextDocumentIdentifier(uri=uri, version=version)
        client.text_document_did_change(types.DidChangeTextDocumentParams(document, [digit]))
    await until(lambda: client.diagnostics[uri][0].range.start.character == column + 198 or None)
    whole = types.TextDocumentContentChangeWholeDocument(text=text)
    document = types.VersionedTextDocumentIdentifier(uri=uri, version=200)
    client.text_document_did_change(types.DidChangeTextDocumentParams(document, [whole]))
    await until(lambda: codes(client, uri) == [] or None)


@pytest.mark.asyncio
async def test_help(client, project):
    text = project.read_text()
    uri = opened(client, project, text)
    await until(lambda: codes(client, uri))
    document = types.TextDocumentIdentifier(uri)
    line = text[: text.index('"batch_size"')].count("\n")
    here = types.Position(line, 6)
    hover = await client.text_document_hover_async(types.HoverParams(document, here))
    assert "batch_size" in hover.contents.value
    items = await client.text_document_completion_async(types.CompletionParams(document, here))
    assert items
    links = await client.text_document_document_link_async(types.DocumentLinkParams(document))
    assert links
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(document))
    assert [lens.command.command for lens in lenses][:2] == ["modelQuantizer.quantize", "modelQuantizer.evaluate"]
    everywhere = types.Range(types.Position(0, 0), types.Position(99, 0))
    await client.text_document_inlay_hint_async(types.InlayHintParams(document, everywhere))
    context = types.CodeActionContext(diagnostics=client.diagnostics[uri])
    await client.text_document_code_action_async(types.CodeActionParams(document, everywhere, context))


@pytest.mark.asyncio
async def test_job(client, project):
    command = types.ExecuteCommandParams(command="modelQuantizer.quantize", arguments=[project.as_uri()])
    answer = await client.workspace_execute_command_async(command)
    token = f"modelQuantizer/{answer['id']}"
    kinds = lambda: [value.kind for value in client.progress_reports.get(token, [])]
    await until(lambda: True if "report" in kinds() else None)
    client.window_work_done_progress_cancel(types.WorkDoneProgressCancelParams(token))
    await until(lambda: True if "end" in kinds() else None)
    assert kinds()[0] == "begin" and kinds().count("end") == 1 and kinds()[-1] == "end"
    assert not (project.parent / "output").exists()
