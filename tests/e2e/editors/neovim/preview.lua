-- Edits looked at before they are in the buffer: shown, followed, chosen among, accepted and rejected.

local harness = dofile(vim.env.HERE .. '/harness.lua')
local seen = {}
harness.report.preview = seen

local function keys(typed)
  vim.api.nvim_feedkeys(vim.keycode(typed), 'mx', false)
end

local function shown(pattern)
  return harness.wait('the preview ' .. pattern, function()
    return harness.floating(pattern)
  end)
end

local function closed()
  harness.wait('the end of the preview', function()
    return not harness.float()
  end)
end

local function notes(count)
  harness.wait('a message', function()
    return #harness.report.notes > count
  end)
  return table.remove(harness.report.notes).message
end

harness.run(function()
  harness.open('stats.py', true)
  local code = vim.api.nvim_get_current_win()
  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  seen.before = harness.buffer()

  -- An edit is shown, takes no focus, follows what is typed, and is accepted by a command.
  vim.cmd('Glossator document')
  seen.shown = shown('Write documentation for mean %(stats%.py%)')
  seen.stayed = vim.api.nvim_get_current_win() == code
  seen.untouched = harness.buffer() == seen.before
  vim.api.nvim_buf_set_lines(0, 0, 0, false, { 'import os', '', '' })
  seen.followed = harness.wait('the preview to follow', function()
    local text = harness.floating('documentation')
    return text and text:find('@@ %-2') and text
  end)
  vim.cmd('Glossator accept')
  seen.accepted = harness.wait('the edit', function()
    return harness.buffer():find('"""') and harness.buffer()
  end)
  closed()

  -- Of several the next is one key away; a key rejects, and the cursor is back in the code.
  vim.api.nvim_win_set_cursor(0, { 6, 4 })
  vim.cmd('Glossator fix')
  seen.first = shown('Fix mean: 1 of 2')
  vim.cmd('Glossator preview')
  seen.inside = vim.api.nvim_get_current_win() == harness.float('Fix')
  keys(']r')
  seen.second = shown('Fix mean: 2 of 2')
  keys('r')
  closed()
  seen.rejected = harness.buffer()
  seen.back = vim.api.nvim_get_current_win() == code

  -- What is shown is what is accepted; two quick keys count twice.
  vim.cmd('Glossator fix')
  shown('Fix mean: 1 of 2')
  vim.cmd('Glossator next')
  shown('Fix mean: 2 of 2')
  vim.cmd('Glossator next')
  vim.cmd('Glossator next')
  vim.wait(500)
  vim.cmd('Glossator preview')
  keys('a')
  closed()
  seen.chosen = harness.wait('the second repair', function()
    return harness.buffer():find('//') and harness.buffer()
  end)
  seen.said = harness.wait('what is said of it', function()
    local said = require('glossator.candidates').text()
    return said ~= '' and said
  end)
  vim.cmd('silent undo')

  -- It can be closed and opened again. Where its function changes it closes, and nothing can be applied.
  vim.cmd('Glossator fix')
  shown('Fix mean: 1 of 2')
  vim.cmd('Glossator preview')
  keys('q')
  closed()
  seen.waits = table.remove(harness.report.notes).message
  vim.cmd('Glossator preview')
  shown('Fix mean: 1 of 2')
  vim.cmd.wincmd('p')
  local count = #harness.report.notes
  vim.api.nvim_buf_set_lines(0, 5, 6, false, { '    total = 1' })
  seen.changed = harness.buffer()
  closed()
  seen.unfit = notes(count)
  vim.cmd('Glossator accept')
  harness.wait('a refusal', function()
    return vim.api.nvim_exec2('messages', { output = true }).output:find('nothing was changed')
  end)
  seen.kept = harness.buffer()
  vim.cmd('Glossator reject')
  harness.wait('the end of the offer', function()
    vim.cmd('Glossator preview')
    local note = table.remove(harness.report.notes)
    return note and note.message:find('no edit waits')
  end)
end)
