# cmake -DOUT=x.cpp -DHEADER=reports/x.hpp -DNAMESPACE=a::b -DFILES=/…/page.css,/…/page.js -P embed_files.cmake
# Writes each file's octets as an Embedded (HEADER declares it) named as the file without its dot: page_css.
string(REPLACE "," ";" FILES "${FILES}")
set(text "#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\n")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  string(REPLACE "." "_" name ${name})
  file(READ ${file} octets HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" octets "${octets}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "'\\\\x\\1'," octets "${octets}")
  file(SHA256 ${file} digest)
  string(APPEND text "\nstatic const char ${name}_octets[] = {\n${octets}};\n"
                     "const Embedded ${name}{{${name}_octets, sizeof ${name}_octets}, \"${digest}\"};\n")
endforeach()
file(WRITE ${OUT} "${text}\n}  // namespace ${NAMESPACE}\n")
