"""Install checkout_sim."""

from glob import glob

from setuptools import find_packages, setup

package = 'checkout_sim'

setup(
    name=package,
    version='0.1.0',
    packages=find_packages(exclude=['test']),
    package_data={package: ['scenarios/*.yaml', 'people/*.csv']},
    data_files=[
        ('share/ament_index/resource_index/packages', ['resource/' + package]),
        ('share/' + package, ['package.xml', 'README.md']),
        ('share/' + package + '/config', glob('config/*.yaml')),
    ],
    install_requires=['setuptools'],
    zip_safe=False,
    maintainer='Smart checkout maintainers',
    maintainer_email='maintainers@smart-checkout.example',
    description='A simulated shop: products, physics, cameras, scale, ground truth, data sets, scenarios.',
    license='Apache-2.0',
    entry_points={
        'console_scripts': [
            'scale_node = checkout_sim.ros.scale_node:main',
            'truth_node = checkout_sim.ros.truth_node:main',
            'customer_node = checkout_sim.ros.customer_node:main',
        ],
    },
)
