; C, and what C++ shares with it.

;; outline
(function_definition declarator: (_) @declarator body: (_) @body) @def.function
(struct_specifier name: (_) @name body: (_) @body) @def.struct
(union_specifier name: (_) @name body: (_) @body) @def.struct
(enum_specifier name: (_) @name body: (_) @body) @def.enum
(type_definition type: (struct_specifier !name body: (_) @body) declarator: (type_identifier) @name) @def.struct
(type_definition type: (union_specifier !name body: (_) @body) declarator: (type_identifier) @name) @def.struct
(type_definition type: (enum_specifier !name body: (_) @body) declarator: (type_identifier) @name) @def.enum
(type_definition declarator: (_) @declarator) @def.type
(translation_unit (declaration declarator: (_) @declarator) @def.variable)
(declaration_list (declaration declarator: (_) @declarator) @def.variable)
(preproc_ifdef (declaration declarator: (_) @declarator) @def.variable)
(preproc_if (declaration declarator: (_) @declarator) @def.variable)
(preproc_function_def name: (_) @name parameters: (_) @parameters) @def.function
(preproc_def name: (_) @name value: (_)) @def.variable
(comment) @comment
(preproc_include) @import

;; calls
(call_expression function: (identifier) @callee)
(call_expression function: (field_expression field: (field_identifier) @callee))

;; facts
(return_statement (_) @return)
(assignment_expression left: (field_expression argument: (_) @write))
(assignment_expression left: (subscript_expression argument: (_) @write))
(assignment_expression left: (pointer_expression "*" argument: (_) @write))
(update_expression argument: (field_expression argument: (_) @write))
(update_expression argument: (subscript_expression argument: (_) @write))

;; names
(identifier) @name
(type_identifier) @name
(field_identifier) @name

;; brings
(preproc_include) @from
