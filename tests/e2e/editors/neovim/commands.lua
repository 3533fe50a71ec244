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

harness.run(function()
  harness.open('stats.py', true)
  local source = vim.api.nvim_get_current_buf()
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
  harness.wait('the answer as a document', function()
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      local text = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), '\n')
      if buffer ~= source and text:find(vim.env.ANSWER) then
        harness.report.document = { name = vim.api.nvim_buf_get_name(buffer), text = text }
        return true
      end
    end
  end)
  harness.wait('the end of explain', ended(3))

  local before = #harness.report.notes
  vim.cmd('Glossator status')
  harness.wait('the status', function()
    return #harness.report.notes > before
  end)
  harness.report.status = table.remove(harness.report.notes).message

  vim.cmd('checkhealth glossator')
  harness.report.health = harness.buffer()
end)
