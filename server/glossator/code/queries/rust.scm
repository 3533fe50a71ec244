;; outline
(function_item name: (_) @name parameters: (_) @parameters body: (_) @body) @def.function
(function_signature_item name: (_) @name parameters: (_) @parameters) @def.function
(struct_item name: (_) @name body: (_)? @body) @def.struct
(union_item name: (_) @name body: (_) @body) @def.struct
(enum_item name: (_) @name body: (_) @body) @def.enum
(trait_item name: (_) @name body: (_) @body) @def.trait
(mod_item name: (_) @name body: (_) @body) @def.module
(impl_item type: (type_identifier) @name body: (_) @body) @def.class
(impl_item type: (generic_type type: (type_identifier) @name) body: (_) @body) @def.class
(impl_item type: (scoped_type_identifier name: (_) @name) body: (_) @body) @def.class
(impl_item type: (reference_type type: (type_identifier) @name) body: (_) @body) @def.class
(type_item name: (_) @name) @def.type
(const_item name: (_) @name) @def.variable
(static_item name: (_) @name) @def.variable
(macro_definition name: (_) @name) @def.function
(attribute_item) @above
(attribute_item) @decorator
(line_comment) @comment
(block_comment) @comment
(use_declaration) @import
(extern_crate_declaration) @import

;; calls
(call_expression function: (identifier) @callee)
(call_expression function: (field_expression field: (_) @callee))
(call_expression function: (scoped_identifier name: (_) @callee))
(call_expression function: (generic_function function: (identifier) @callee))
(call_expression function: (generic_function function: (scoped_identifier name: (_) @callee)))
(call_expression function: (generic_function function: (field_expression field: (_) @callee)))
(macro_invocation macro: (identifier) @callee)
(struct_expression name: (type_identifier) @callee)

;; facts
(macro_invocation macro: (identifier) @raise (#any-of? @raise "panic" "todo" "unimplemented"))
(return_expression (_) @return)
(assignment_expression left: (field_expression value: (_) @write))
(assignment_expression left: (index_expression . (_) @write))
(assignment_expression left: (unary_expression "*" (_) @write))
(compound_assignment_expr left: (field_expression value: (_) @write))
(compound_assignment_expr left: (index_expression . (_) @write))
(compound_assignment_expr left: (unary_expression "*" (_) @write))

;; names
(identifier) @name
(field_identifier) @name
(type_identifier) @name

;; brings
(use_declaration) @from
(extern_crate_declaration) @from
(mod_item !body) @from

;; reads
(field_expression value: (self) @object field: (_) @field)

;; sets
(assignment_expression left: (_) @to) @set
(compound_assignment_expr left: (_) @through) @set
(struct_item name: (_) @of body: (field_declaration_list (field_declaration name: (_) @declares) @set))
(struct_expression name: (type_identifier) @of body: (field_initializer_list (field_initializer field: (_) @declares) @set))
(struct_expression name: (type_identifier) @of body: (field_initializer_list (shorthand_field_initializer (identifier) @declares) @set))
