-- `:Glossator …`, its completion, the statusline text, the health check.

local harness = dofile(vim.env.HERE .. '/harness.lua')

local function ended(count)
  return function()
    local ends = vim.tbl_filter(function(each)
      return each.kind == 'end'
    end, harness.report.progress)
    return #ends >= count
  end
end

--- Waits for a buffer of an answer that fits `pattern`.
local function shown(pattern)
  return harness.wait('an answer like ' .. pattern, function()
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
      if vim.api.nvim_buf_get_name(buffer):find('%.md$') and text:find(pattern) then
        return text
      end
    end
  end)
end

harness.run(function()
  harness.open('stats.py', true)
  harness.report.completion = vim.fn.getcompletion('Glossator ', 'cmdline')

  vim.api.nvim_win_set_cursor(0, { 2, 4 })
  vim.cmd('Glossator document')
  harness.wait('the docstring', function()
    return harness.buffer():find('"""')
  end)
  harness.wait('the end of document', ended(1))
  harness.report.buffer = harness.buffer()

  vim.cmd('1,3Glossator ask HOLD THIS ANSWER')
  harness.wait('a running job', function()
    return require('glossator.progress').text() ~= ''
  end)
  vim.cmd('Glossator stop')
  harness.wait('the end of the stopped job', ended(2))
  harness.report.after_stop = require('glossator.progress').text()

  vim.cmd('Glossator explain')
  harness.report.document = shown(vim.env.ANSWER)
  harness.wait('the end of explain', ended(3))

  -- A file of a language that the server has no grammar for is attached when it is asked about.
  vim.cmd.edit('shopping.txt')
  vim.api.nvim_buf_set_lines(0, 0, -1, false, { 'flour', 'milk' })
  vim.cmd('%Glossator explain')
  harness.report.other = shown('what to buy')

  local before = #harness.report.notes
  vim.cmd('Glossator status')
  harness.wait('the status', function()
    return #harness.report.notes > before
  end)
  harness.report.status = table.remove(harness.report.notes).message

  vim.cmd('checkhealth glossator')
  harness.report.health = harness.buffer()
end)
