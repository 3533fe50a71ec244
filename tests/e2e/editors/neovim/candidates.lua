-- Several repairs, one key press apart.

local harness = dofile(vim.env.HERE .. '/harness.lua')
local candidates -- on the runtimepath once the plugin is

--- The buffer once it has changed, after what was said of it has arrived.
local function after(what, act)
  local before, said = harness.buffer(), candidates.text()
  act()
  harness.wait(what, function()
    return harness.buffer() ~= before and candidates.text() ~= said
  end)
  table.insert(harness.report.texts, harness.buffer())
  table.insert(harness.report.said, candidates.text())
end

harness.run(function()
  harness.report.texts, harness.report.said = {}, {}
  harness.open('stats.py', true)
  candidates = require('glossator.candidates')
  vim.keymap.set('n', ']r', '<Plug>(glossator-next)')
  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  after('the repair', function()
    vim.cmd('Glossator fix')
  end)
  after('the next one', function()
    vim.api.nvim_feedkeys(']r', 'mx', false)
  end)
  after('the code as it was', function()
    vim.cmd('Glossator next')
  end)
  after('the last one', function()
    vim.cmd('Glossator previous')
  end)

  -- A change of the user's own is left alone, with a word about it.
  vim.api.nvim_buf_set_lines(0, 1, 2, false, { '    total = 1' })
  harness.report.changed = harness.buffer()
  local before = vim.api.nvim_exec2('messages', { output = true }).output
  vim.cmd('Glossator next')
  harness.wait('a word', function()
    local now = vim.api.nvim_exec2('messages', { output = true }).output
    harness.report.refused = now:sub(#before + 1)
    return candidates.text() == '' and harness.report.refused:find('nothing was changed')
  end)
  harness.report.left = harness.buffer()

  -- In another buffer there is nothing to choose from, whatever was repaired elsewhere.
  vim.cmd.edit('other.py')
  harness.wait('the server', function()
    return vim.lsp.get_clients({ name = 'glossator', bufnr = 0 })[1]
  end)
  local notes = #harness.report.notes
  vim.cmd('Glossator next')
  harness.wait('a refusal', function()
    return #harness.report.notes > notes
  end)
  harness.report.elsewhere = harness.report.notes[notes + 1].message
  table.remove(harness.report.notes)
end)
