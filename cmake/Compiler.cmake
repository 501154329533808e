# The compiler's side of every target: warnings, sanitizers, hardening.
set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)

add_compile_options(-Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wformat=2
    -Wundef -Wwrite-strings -Wvla -fno-common)
add_compile_definitions(_GNU_SOURCE)
if(MSGIN5G_WERROR)
    add_compile_options(-Werror)
endif()
if(MSGIN5G_SANITIZE)
    add_compile_options(-fsanitize=${MSGIN5G_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${MSGIN5G_SANITIZE})
endif()
# Not hardening alone: resolving a symbol at its first call saves all vector registers on the stack, with a key in them if
# the call before copied one, and nobody wipes that.
add_link_options(-Wl,-z,now)
if(MSGIN5G_FUZZ)
    add_compile_options(-fsanitize=fuzzer-no-link) # coverage in our libraries too, else libFuzzer walks blind
endif()
if(MSGIN5G_HARDEN)
    include(CheckPIESupported)
    check_pie_supported(LANGUAGES C)
    add_compile_options(-fstack-protector-strong -fstack-clash-protection -D_FORTIFY_SOURCE=2)
    if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
        add_compile_options(-fcf-protection)
    endif()
    add_link_options(-Wl,-z,relro -Wl,-z,noexecstack)
endif()
