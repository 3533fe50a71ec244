;; outline
(function_declaration name: (_) @name parameters: (_) @parameters body: (_)? @body) @def.function
(method_declaration receiver: (_) @receiver name: (_) @name parameters: (_) @parameters body: (_)? @body) @def.method
(type_spec name: (_) @name type: (struct_type (field_declaration_list) @body)) @def.struct
(type_spec name: (_) @name type: (interface_type) @body) @def.interface
(type_spec name: (_) @name) @def.type
(type_alias name: (_) @name) @def.type
(method_elem name: (_) @name parameters: (_) @parameters) @def.method
(source_file (const_declaration (const_spec name: (identifier) @name) @def.variable))
(source_file (var_declaration (var_spec name: (identifier) @name) @def.variable))
(source_file (var_declaration (var_spec_list (var_spec name: (identifier) @name) @def.variable)))
(type_declaration . (_) @inner .) @wrap
(const_declaration . (const_spec) @inner .) @wrap
(var_declaration . (var_spec) @inner .) @wrap
(comment) @comment
(import_declaration) @import
(package_clause) @import

;; calls
(call_expression function: (identifier) @callee)
(call_expression function: (selector_expression field: (_) @callee))
(call_expression function: (index_expression operand: (identifier) @callee))
(type_conversion_expression type: (generic_type type: (type_identifier) @callee))
(call_expression function: (parenthesized_expression (identifier) @callee))
(type_conversion_expression type: (type_identifier) @callee)
(composite_literal type: (type_identifier) @callee)

;; facts
(call_expression function: (identifier) @raise (#eq? @raise "panic"))
(return_statement (_) @return)
(assignment_statement left: (expression_list (selector_expression operand: (_) @write)))
(assignment_statement left: (expression_list (index_expression operand: (_) @write)))
(assignment_statement left: (expression_list (unary_expression "*" operand: (_) @write)))
(inc_statement (selector_expression operand: (_) @write))
(inc_statement (index_expression operand: (_) @write))
(dec_statement (selector_expression operand: (_) @write))
(dec_statement (index_expression operand: (_) @write))
(call_expression function: (identifier) @mutator arguments: (argument_list . (identifier) @write) (#any-of? @mutator "delete" "clear" "copy"))

;; names
(identifier) @name
(field_identifier) @name
(type_identifier) @name

;; brings
(import_spec) @from
(package_clause) @from

;; reads
(selector_expression operand: (identifier) @object field: (field_identifier) @field)

;; sets
(assignment_statement left: (_) @to) @set
(inc_statement (_) @through) @set
(dec_statement (_) @through) @set
(type_spec name: (_) @of type: (struct_type (field_declaration_list (field_declaration name: (_) @declares) @set)))
(composite_literal type: (type_identifier) @of body: (literal_value (keyed_element . (literal_element (identifier) @declares)) @set))
(composite_literal type: (generic_type type: (type_identifier) @of) body: (literal_value (keyed_element . (literal_element (identifier) @declares)) @set))
