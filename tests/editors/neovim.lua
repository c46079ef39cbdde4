-- The language server in Neovim 0.7 or newer:
--   MODEL_QUANTIZER=… PROJECT=… nvim --headless -u NONE -c "luafile tests/editors/neovim.lua"

local program = assert(os.getenv("MODEL_QUANTIZER"), "MODEL_QUANTIZER is not set")
local project = assert(os.getenv("PROJECT"), "PROJECT is not set")

local function wait(what, condition)
  assert(vim.wait(30000, condition, 20), what .. " does not come")
end

local function test()
  local progress = {}
  vim.cmd("edit " .. project .. "/configuration.json")
  local client = vim.lsp.start_client({
    name = "model-quantizer",
    cmd = { program, "lsp" },
    root_dir = project,
    handlers = {
      ["$/progress"] = function(_, result)
        table.insert(progress, result.value.kind)
      end,
    },
  })
  vim.lsp.buf_attach_client(0, client)
  client = vim.lsp.get_client_by_id(client)
  wait("the answer to initialize", function() return client.initialized end)

  local text = vim.api.nvim_buf_get_lines(0, 0, -1, false)
  local line
  for number, content in ipairs(text) do
    if content:find('"batch_size"', 1, true) then
      line = number
    end
  end
  local changed = text[line]:gsub('"batch_size"', '"// ä😀": "x", "batchsize"')
  vim.api.nvim_buf_set_lines(0, line - 1, line, false, { changed })
  wait("a diagnostic", function() return #vim.diagnostic.get(0) == 1 end)
  local found = vim.diagnostic.get(0)[1]
  assert(found.lnum == line - 1, "wrong line")
  assert(found.col == changed:find('"batchsize"', 1, true) - 1, "wrong column " .. found.col)

  -- Neovim sends incremental changes.
  for _ = 1, 300 do
    vim.api.nvim_buf_set_text(0, line - 1, 0, line - 1, 0, { " " })
  end
  local column = found.col + 300
  wait("the moved diagnostic", function()
    local now = vim.diagnostic.get(0)[1]
    return now and now.col == column
  end)
  vim.api.nvim_buf_set_lines(0, 0, -1, false, text)
  wait("the end of the diagnostic", function() return #vim.diagnostic.get(0) == 0 end)
  vim.cmd("silent write")

  local uri = vim.uri_from_bufnr(0)
  local command = { command = "modelQuantizer.quantize", arguments = { uri } }
  local answer = client.request_sync("workspace/executeCommand", command, 30000, 0)
  assert(answer and answer.result, vim.inspect(answer))
  wait("progress", function() return #progress >= 3 end)
  client.notify("window/workDoneProgress/cancel", { token = "modelQuantizer/" .. answer.result.id })
  wait("the end of the progress", function() return progress[#progress] == "end" end)
  assert(progress[1] == "begin", "no begin")

  client.stop()
  wait("the end of the server", function() return client.is_stopped() end)
end

local passed, reason = xpcall(test, debug.traceback)
io.stdout:write(passed and "Neovim: passed\n" or ("Neovim: failed: " .. reason .. "\n"))
vim.cmd(passed and "qall!" or "cquit!")
