#include <string>
#include <vector>

namespace parts {

using Names = std::vector<std::string>;

/** One kind of part. */
template <typename T>
class Part : public Base {
public:
    explicit Part(std::string name, int count = 0) : name_(std::move(name)) {}
    virtual ~Part() = default;

    /// Takes some.
    [[nodiscard]] int take(const T& wanted, int *left = nullptr);

    bool operator==(const Part& other) const { return name_ == other.name_; }

private:
    std::string name_;
};

template <typename T>
int Part<T>::take(const T& wanted, int *left)
{
    if (wanted < 0) throw std::invalid_argument("negative");
    *left = 0;
    return count(wanted);
}

enum class Level { Low, High };

}  // namespace parts

int main(int argc, char **argv)
{
    auto print = [](const auto& part) { return part.name(); };
    parts::Part<int> part("bolt");
    return part.take(argc);
}
