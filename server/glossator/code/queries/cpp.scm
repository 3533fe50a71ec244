;; outline
(class_specifier name: (_) @name body: (_) @body) @def.class
(namespace_definition name: (_) @name body: (_) @body) @def.module
(alias_declaration name: (_) @name) @def.type
(concept_definition name: (_) @name) @def.type
(field_declaration declarator: (function_declarator) @declarator) @def.method
(field_declaration declarator: (pointer_declarator declarator: (function_declarator)) @declarator) @def.method
(field_declaration declarator: (reference_declarator (function_declarator)) @declarator) @def.method
(field_declaration_list (declaration declarator: (_) @declarator) @def.method)
(function_definition declarator: (_) @declarator (default_method_clause)) @def.method
(function_definition declarator: (_) @declarator (delete_method_clause)) @def.method
(function_definition declarator: (_) @declarator (try_statement) @body) @def.function
(template_declaration (declaration declarator: (function_declarator) @declarator) @def.function)
(template_declaration (_) @inner .) @wrap
(attribute_declaration) @decorator
(using_declaration) @import

;; calls
(call_expression function: (qualified_identifier name: (identifier) @callee))
(call_expression function: (qualified_identifier name: (qualified_identifier name: (identifier) @callee)))
(call_expression function: (template_function name: (identifier) @callee))
(call_expression function: (field_expression field: (template_method name: (_) @callee)))
(new_expression type: (type_identifier) @callee)

;; facts
(throw_statement (call_expression function: (_) @raise))
(throw_statement (identifier) @raise)
(co_yield_statement) @yield
(co_return_statement (_) @return)
(call_expression function: (field_expression argument: (_) @write field: (field_identifier) @mutator))

;; brings
(using_declaration) @from

;; reads
(field_expression argument: (this) @object field: (field_identifier) @field)
(qualified_identifier scope: (namespace_identifier) @object name: (identifier) @field)
(identifier) @bare

;; sets
(assignment_expression left: (_) @to) @set
(update_expression argument: (_) @through) @set
(field_declaration declarator: (field_identifier) @declares) @set
(field_declaration declarator: (pointer_declarator declarator: (field_identifier) @declares)) @set
(field_declaration declarator: (array_declarator declarator: (field_identifier) @declares)) @set
(field_declaration declarator: (reference_declarator (field_identifier) @declares)) @set
(field_initializer (field_identifier) @declares) @set
